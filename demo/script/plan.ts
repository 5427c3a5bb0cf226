/** What the scripted manager proposes: five tasks with a diamond in their graph. Positions count from 1. */

export type PlannedTask = {
  title: string;
  why: string;
  description: string;
  acceptance: string[];
  size: 'S' | 'M' | 'L' | 'XL';
  capabilities: string[];
  files: string[];
  depends_on: number[];
};

export const plan: PlannedTask[] = [
  {
    title: 'Keep notifications for each member',
    why: 'Everything else needs somewhere to put them.',
    description: 'A module that adds, lists and marks notifications in the store, newest first.',
    acceptance: ['A member sees only their own notifications, newest first', 'Reading one counts once'],
    size: 'S',
    capabilities: [],
    files: ['src/notifications.js', 'src/store.js', 'test/notifications.test.js'],
    depends_on: [],
  },
  {
    title: 'Serve notifications over HTTP',
    why: 'Pages and other programs read and mark them.',
    description: 'GET /members/{member}/notifications and POST /notifications/{id}/read.',
    acceptance: ['Listing and reading work over HTTP', 'Unknown members get a 404'],
    size: 'M',
    capabilities: ['http'],
    files: ['src/server.js', 'test/notifications-api.test.js'],
    depends_on: [1],
  },
  {
    title: 'Show a bell with the unread count',
    why: 'Members notice that there is something new.',
    description: 'A bell in the header of the member’s page.',
    acceptance: ['The member’s page shows how many are unread'],
    size: 'S',
    capabilities: ['html'],
    files: ['src/bell.js', 'src/page.js', 'test/bell.test.js'],
    depends_on: [1],
  },
  {
    title: 'Remind members of overdue books',
    why: 'The first notification that members really get, seen end to end.',
    description: 'One notification for each overdue loan, tested through the API and the page.',
    acceptance: ['An overdue book is told once, on the page and over HTTP'],
    size: 'M',
    capabilities: [],
    files: ['src/reminders.js', 'test/reminders.test.js'],
    depends_on: [2, 3],
  },
  {
    title: 'Describe notifications in the README',
    why: 'People find the new requests.',
    description: 'Two rows in the table of requests.',
    acceptance: ['Both requests stand in the README'],
    size: 'S',
    capabilities: [],
    files: ['README.md'],
    depends_on: [2],
  },
];
