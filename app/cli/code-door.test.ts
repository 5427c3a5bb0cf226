/** The local page of `app create`, as other pages in the same browser may ask for it. */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { openCodeDoor, type Shown } from './code-door.ts';

async function open() {
  const shown = Promise.withResolvers<Shown>();
  const door = await openCodeDoor(0, (at) => {
    shown.resolve(at);
    return 'the page';
  });
  onTestFinished(async () => await door[Symbol.asyncDispose]());
  return { door, ...(await shown.promise) };
}

/** A request as it is written: `fetch` mends addresses before it sends them. */
async function ask(url: string, target: string, host = '127.0.0.1'): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.end(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  return (await text(socket)).split('\r\n')[0] ?? '';
}

it('no address and no state that is made up ends it, and the right one is still taken', async () => {
  const { door, state, redirect } = await open();
  for (const target of ['//', '//[', '/registered?code=a&state=%', 'http://[/', ':port'])
    expect([target, await ask(door.url, target)]).toEqual([target, expect.stringMatching(/ (?:400|404) /)]);
  // As many characters as ours, and more bytes.
  for (const other of ['', 'x', 'x'.repeat(state.length), '%C3%A9'.repeat(state.length)])
    expect(await ask(door.url, `/registered?code=stolen&state=${other}`)).toMatch(/ 400 /);
  expect(await ask(door.url, new URL(door.url).pathname, 'rebound.example.com')).toMatch(/ 404 /);
  expect((await fetch(`${redirect}?code=good&state=${state}`)).status).toBe(200);
  expect(await door.code).toBe('good');
});
