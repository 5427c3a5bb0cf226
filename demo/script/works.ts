/** What the scripted engineers do, by the title of their task: files to add, places to edit, a question, a fix. */

/** Replaces `find`, which must stand in the file exactly once. */
export type Edit = { path: string; find: string; replace: string };

export type Work = {
  /** Its files are copied into the worktree. */
  folder: string | null;
  edits: Edit[];
  message: string;
  summary: string;
  /** One sentence for each acceptance item, in order. */
  evidence: string[];
  question?: {
    question: string;
    options: [string, string];
    /** What each answer turns into; the first option’s where the answer is neither. */
    edits: Record<string, Edit[]>;
  };
  /** What the reviewer agent wants changed, as long as `find` stands in the file. */
  remarks?: { path: string; find: string; body: string }[];
  /** How a reviewer’s comment on a file is met. */
  fixes?: { path: string; edits: Edit[]; message: string; why: string }[];
};

const emptyList = '200 with an empty list';
const noContent = '204 without a body';
const readme = 'README.md';
const apiTest = 'test/notifications-api.test.js';

export const works: Record<string, Work> = {
  'Keep notifications for each member': {
    folder: 'keep',
    edits: [
      { path: 'src/store.js', find: '    loans: [],\n', replace: '    loans: [],\n    notifications: [],\n' },
    ],
    message: 'Keep notifications for each member',
    summary: 'Notifications live in the store, newest first; reading one twice keeps the first time.',
    evidence: [
      'test/notifications.test.js: the newest notification comes first, each member sees only their own',
      'test/notifications.test.js: reading counts once',
    ],
  },
  'Serve notifications over HTTP': {
    folder: 'serve',
    edits: [
      {
        path: 'src/server.js',
        find: "import { memberPage } from './page.js';\n",
        replace:
          "import { markRead, notificationsOf } from './notifications.js';\nimport { memberPage } from './page.js';\n",
      },
      {
        path: 'src/server.js',
        find: "  ['POST', /^\\/loans$/, createLoan],\n",
        replace:
          "  ['GET', /^\\/members\\/(\\w+)\\/notifications$/, listNotifications],\n" +
          "  ['POST', /^\\/notifications\\/(\\d+)\\/read$/, readNotification],\n" +
          "  ['POST', /^\\/loans$/, createLoan],\n",
      },
    ],
    message: 'Serve notifications over HTTP',
    summary:
      'Two routes: list a member’s notifications, mark one as read. An empty list is answered as a person decided.',
    evidence: [
      'test/notifications-api.test.js: notifications are listed and read',
      'test/notifications-api.test.js: what is not there is said',
    ],
    question: {
      question: 'What should GET /members/{member}/notifications answer when there are none?',
      options: [emptyList, noContent],
      edits: {
        [emptyList]: [
          ...handlers('  return { status: 200, body: notificationsOf(store, member) };\n'),
          { path: apiTest, find: 'EMPTY_STATUS', replace: '200' },
          { path: apiTest, find: 'EMPTY_TEXT', replace: "'[]'" },
        ],
        [noContent]: [
          ...handlers(
            '  const list = notificationsOf(store, member);\n' +
              '  return list.length === 0 ? { status: 204 } : { status: 200, body: list };\n',
          ),
          { path: apiTest, find: 'EMPTY_STATUS', replace: '204' },
          { path: apiTest, find: 'EMPTY_TEXT', replace: "''" },
        ],
      },
    },
  },
  'Show a bell with the unread count': {
    folder: 'bell',
    edits: [
      {
        path: 'src/page.js',
        find: "import { loansOf } from './loans.js';\n",
        replace:
          "import { bell } from './bell.js';\nimport { loansOf } from './loans.js';\nimport { unread } from './notifications.js';\n",
      },
      {
        path: 'src/page.js',
        find: '`<header><h1>${escape(name)}</h1></header>`',
        replace: '`<header><h1>${escape(name)}</h1>${bell(unread(store, member))}</header>`',
      },
    ],
    message: 'Show a bell with the unread count',
    summary: 'A bell in the header of the member’s page, with how many notifications are unread.',
    evidence: ['test/bell.test.js: the bell counts what is unread'],
    fixes: [
      {
        path: 'src/bell.js',
        edits: [
          {
            path: 'src/bell.js',
            find: '<span class="bell">',
            replace: '<span class="bell" role="status" aria-label="${count} unread notifications">',
          },
          {
            path: 'test/bell.test.js',
            find: "test('the bell counts",
            replace:
              "test('the bell speaks to screen readers', () => {\n" +
              '  assert.match(bell(3), /aria-label="3 unread notifications"/);\n' +
              '});\n\n' +
              "test('the bell counts",
          },
        ],
        message: 'Give the bell a label for screen readers',
        why: 'The bell has a label now, and a test for it.',
      },
    ],
  },
  'Remind members of overdue books': {
    folder: 'remind',
    edits: [],
    message: 'Remind members of overdue books',
    summary: 'One notification for each overdue loan, however often it is asked for.',
    evidence: ['test/reminders.test.js: an overdue book rings the bell once, and the API tells it'],
  },
  'Describe notifications in the README': {
    folder: null,
    edits: [
      {
        path: 'README.md',
        find: '| `POST /loans`',
        replace:
          '| `GET /members/{member}/notifications` | what the member should know, newest first |\n' +
          '| `POST /notifications/{id}/read` | mark one as read |\n' +
          '| `POST /loans`',
      },
    ],
    message: 'Describe notifications in the README',
    summary: 'Both requests stand in the table of the README.',
    evidence: ['README.md, the table of requests'],
    remarks: [
      {
        path: readme,
        find: 'newest first |',
        body: 'Please say what comes when there is nothing: callers will ask.',
      },
    ],
    fixes: [
      {
        path: readme,
        edits: [
          {
            path: readme,
            find: 'newest first |',
            replace: 'newest first; an empty list when there is none |',
          },
        ],
        message: 'Say what comes when there is nothing',
        why: 'The table says it now.',
      },
    ],
  },
};

function handlers(list: string): Edit[] {
  const added =
    'function listNotifications({ store }, member) {\n' +
    '  if (!store.members.has(member)) return { status: 404, body: { error: `there is no member ${member}` } };\n' +
    `${list}}\n\n` +
    'function readNotification({ store, now }, id) {\n' +
    '  return { status: 200, body: markRead(store, { id: Number(id), now: now() }) };\n' +
    '}\n\n';
  const before = 'async function createLoan(';
  return [{ path: 'src/server.js', find: before, replace: `${added}${before}` }];
}
