/** Reminders: one notification for each overdue loan, however often it is asked. */
import { overdue } from './loans.js';
import { notify } from './notifications.js';

export function remind(store, now) {
  const late = overdue(store, now).filter((loan) => !loan.reminded);
  return late.map((loan) => {
    loan.reminded = true;
    const { title } = store.books.get(loan.book);
    return notify(store, { member: loan.member, text: `“${title}” is overdue. Please bring it back.`, now });
  });
}
