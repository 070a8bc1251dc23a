// Writes whole numbers as the server does, with its sign between thousands: browsers have other rules, in Spanish above all.

export function number(value) {
  return String(value).replace(/\B(?=(\d{3})+$)/g, document.documentElement.dataset.thousands);
}
