/**
 * Bundles the Action: `dist/main.js`, which GitHub starts, and `dist/mcp.js`, which the engine starts; what both need
 * is in chunks beside them. The same sources give the same bytes, so that a check can build again and compare.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { rolldown, type OutputChunk } from 'rolldown';

const root = join(import.meta.dirname, '..');

/** Writes the bundle into `directory` and answers with its files' sizes in bytes. */
export async function buildAction(directory: string): Promise<Map<string, number>> {
  const bundle = await rolldown({
    cwd: root,
    input: { main: 'action/main.ts', mcp: 'runner/mcp-main.ts' },
    platform: 'node',
    transform: { target: 'node20' },
    // Ours only: what a package's own files do that rolldown finds odd is not for us to mend.
    onLog: (level, log, report) => {
      if (level !== 'info' && log.id?.includes('node_modules') !== true) report(level, log);
    },
  });
  const { output } = await bundle.generate({
    format: 'esm',
    minify: true,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  });
  await bundle.close();
  const chunks = output.filter((file) => file.type === 'chunk');
  const files = new Map(chunks.map((chunk) => [chunk.fileName, chunk.code]));
  // The files say themselves that they are modules, wherever they are copied to.
  files.set('package.json', '{ "type": "module" }\n');
  files.set('LICENSES.txt', licences(chunks));
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  for (const [name, text] of files) await writeFile(join(directory, name), text);
  return new Map([...files].map(([name, text]) => [name, Buffer.byteLength(text)]));
}

/** The licences of all packages that have code in the bundle, in the order of their names. */
function licences(chunks: readonly OutputChunk[]): string {
  const packages = new Set(
    chunks.flatMap((chunk) => Object.keys(chunk.modules).flatMap((module) => packageOf(module) ?? [])),
  );
  const texts = [...packages].map((path) => {
    const { name, version, license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as {
      name: string;
      version: string;
      license?: string;
    };
    const file = readdirSync(path).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? '' : readFileSync(join(path, file), 'utf8').trim();
    return `${name} ${version} (${license ?? 'see below'})\n\n${text}\n`;
  });
  return texts.toSorted().join(`\n${'-'.repeat(80)}\n\n`);
}

/** The package's directory of a module's path; null for our own modules and rolldown's. */
function packageOf(module: string): string | null {
  const found = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(module)?.[1];
  return found !== undefined && !relative(root, dirname(found)).startsWith('..') ? found : null;
}

if (import.meta.main) {
  const sizes = await buildAction(join(import.meta.dirname, 'dist'));
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  for (const [name, size] of sizes) console.log(`${(size / 1024).toFixed(1).padStart(9)} KiB  ${name}`);
  console.log(`${(total / 1024).toFixed(1).padStart(9)} KiB  in all`);
}
