/** Starts the library with a few books. */
import { createLibrary } from './server.js';
import { createStore } from './store.js';

const store = createStore({
  members: [
    { id: 'ada', name: 'Ada Lovelace' },
    { id: 'grace', name: 'Grace Hopper' },
  ],
  books: [
    { id: 'walden', title: 'Walden' },
    { id: 'emma', title: 'Emma' },
  ],
});
const port = Number(process.env.PORT ?? 8080);
createLibrary(store).listen(port, () => console.log(`http://localhost:${port}/members/ada`));
