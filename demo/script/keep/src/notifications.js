/** Notifications: short texts for one member, kept until they are read. */
export function notify(store, { member, text, now }) {
  if (!store.members.has(member)) throw new Error(`there is no member ${member}`);
  const notification = { id: store.notifications.length + 1, member, text, at: now, read: null };
  store.notifications.push(notification);
  return notification;
}

/** Newest first. */
export function notificationsOf(store, member) {
  return store.notifications.filter((notification) => notification.member === member).toReversed();
}

export function unread(store, member) {
  return notificationsOf(store, member).filter(({ read }) => read === null).length;
}

/** Reading twice keeps the first time. */
export function markRead(store, { id, now }) {
  const notification = store.notifications.find((candidate) => candidate.id === id);
  if (!notification) throw new Error(`there is no notification ${id}`);
  notification.read ??= now;
  return notification;
}
