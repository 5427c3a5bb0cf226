/** Given to a forge's process by `--import`: changes one line of its source on the way into Node, or refuses to start. */
import { registerHooks } from 'node:module';

const { file, line, becomes } = JSON.parse(process.env['FORGE_MUTATION'] ?? '{}') as Record<string, string>;
if (file === undefined || line === undefined || becomes === undefined)
  throw new Error('FORGE_MUTATION names no file, line and what it becomes');

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith(`/forge/${file}`)) return loaded;
    const source = Buffer.from(loaded.source as Uint8Array).toString();
    if (source.split(line).length !== 2)
      throw new Error(
        `forge/${file} has the line to change not once but ${source.split(line).length - 1} times: ${line}`,
      );
    return { ...loaded, source: source.replace(line, () => becomes) };
  },
});
