"""Bringing what is configured here onto Retell's agents, by Retell's rules.

    published versions never change   a draft is made from the published one, or the newest open draft is taken
    a draft may be somebody's work    what others changed in it is shown first; without consent it stays alone
    arrays are written whole          other people's functions are read, kept in their place, and written back
    an engine follows its agent       agents that share one have a version of it each
    publishing answers nothing        what is live is read back and compared

Whatever fails on the way leaves the published version as it was, and a draft that the next attempt goes on with.
"""
