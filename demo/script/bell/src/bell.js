/** The bell in a page's header, with the number of unread notifications. */
export function bell(count) {
  return `<span class="bell">&#128276; ${count}</span>`;
}
