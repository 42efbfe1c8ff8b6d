/* Asks Cal.com, through the gateway, what it has of the bookings on this page; without it the last news stand there. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  for (const place of document.querySelectorAll(".booking-state")) {
    ask(place);
  }

  async function ask(place) {
    const words = place.dataset;
    const before = place.textContent;
    place.textContent = words.asking;
    try {
      const booking = await staff.call("calcom.getBooking", { uid: words.uid, company_id: Number(words.company) });
      const isSame = new Date(booking.start).getTime() === new Date(words.start).getTime();
      place.textContent = `${isSame ? words.same : words.other} ${words[booking.status] || booking.status}`;
    } catch (error) {
      place.textContent = `${words.silent} ${error.message} (${before})`;
    }
  }
});
