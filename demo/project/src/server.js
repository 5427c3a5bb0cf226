/** The library over HTTP. */
import { createServer } from 'node:http';
import { lend, loansOf, takeBack } from './loans.js';
import { memberPage } from './page.js';

const routes = [
  ['GET', /^\/members\/(\w+)$/, showMember],
  ['GET', /^\/members\/(\w+)\/loans$/, listLoans],
  ['POST', /^\/loans$/, createLoan],
  ['DELETE', /^\/loans\/(\w+)$/, endLoan],
];

export function createLibrary(store, { now = Date.now } = {}) {
  return createServer(async (request, response) => {
    const { status, body, type } = await answer(request, { store, now });
    response.writeHead(status, body === undefined ? {} : { 'content-type': type ?? 'application/json' });
    response.end(type === undefined && body !== undefined ? JSON.stringify(body) : body);
  });
}

async function answer(request, library) {
  for (const [method, path, handle] of routes) {
    const match = path.exec(request.url);
    if (request.method !== method || match === null) continue;
    try {
      return await handle(library, match[1], request);
    } catch (error) {
      return { status: 422, body: { error: error.message } };
    }
  }
  return { status: 404, body: { error: `there is no ${request.method} ${request.url}` } };
}

function showMember({ store }, member) {
  if (!store.members.has(member)) return { status: 404, body: { error: `there is no member ${member}` } };
  return { status: 200, body: memberPage(store, member), type: 'text/html; charset=utf-8' };
}

function listLoans({ store }, member) {
  return { status: 200, body: loansOf(store, member) };
}

async function createLoan({ store, now }, _, request) {
  const { book, member } = await json(request);
  return { status: 201, body: lend(store, { book, member, now: now() }) };
}

function endLoan({ store, now }, book) {
  return { status: 200, body: takeBack(store, { book, now: now() }) };
}

async function json(request) {
  const chunks = await Array.fromAsync(request);
  return JSON.parse(Buffer.concat(chunks).toString());
}
