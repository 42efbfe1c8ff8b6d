"""How dates and times are written on staff's pages, where Django's own forms are longer than a table likes."""
