/** `${{ }}`: evaluates the parser's tokens with GitHub's own expression engine. */
import { createHash } from 'node:crypto';
import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { data, Evaluator, Lexer, Parser } from '@actions/expressions';
import { type Token, TokenType } from '@actions/expressions/lexer';
import { truthy } from '@actions/expressions/result';
import {
  isBasicExpression,
  isMapping,
  isScalar,
  isSequence,
} from '@actions/workflow-parser/templates/tokens/type-guards';
import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/template-token';
import { ActionsError } from './refusal.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

type Functions =
  NonNullable<ConstructorParameters<typeof Evaluator>[2]> extends Map<string, infer One> ? One[] : never;

/** What an expression sees: the contexts by name, and whether `success()`, `failure()` … hold here. */
export type Scope = {
  contexts: Record<string, Json>;
  status: { success: boolean; failure: boolean; cancelled: boolean };
  /** Only where there is a workspace: in the steps of a job. */
  hashFiles?: (patterns: readonly string[]) => string;
};

/** Every context exists in every expression, empty where GitHub would give nothing either. */
const contextNames = [
  'github',
  'env',
  'vars',
  'job',
  'jobs',
  'steps',
  'runner',
  'secrets',
  'strategy',
  'matrix',
  'needs',
  'inputs',
];

function evaluate(expression: string, scope: Scope): data.ExpressionData {
  const functions = functionsOf(scope);
  const contexts = Object.fromEntries(contextNames.map((name) => [name, scope.contexts[name] ?? {}]));
  try {
    const tokens = new Lexer(expression).lex().tokens.map((token) => withQuotes(token));
    const tree = new Parser(tokens, contextNames, functions).parse();
    const values = JSON.parse(JSON.stringify(contexts), data.reviver) as data.Dictionary;
    return new Evaluator(
      tree,
      values,
      new Map(functions.map((one) => [one.name.toLowerCase(), one])),
    ).evaluate();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ActionsError(
      'expression',
      `The expression "${expression}" could not be evaluated: ${reason}`,
      cause,
    );
  }
}

function functionsOf(scope: Scope): Functions {
  const { hashFiles } = scope;
  const functions: Functions = Object.entries({ ...scope.status, always: true }).map(([name, value]) => ({
    name,
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(value),
  }));
  if (hashFiles !== undefined)
    functions.push({
      name: 'hashFiles',
      minArgs: 1,
      maxArgs: 255,
      call: (...patterns) => new data.StringData(hashFiles(patterns.map((one) => one.coerceString()))),
    });
  return functions;
}

/** The hash of the hashes of all files that fit, empty when none does; `!pattern` takes some out again. */
export function hashFilesIn(workspace: string, patterns: readonly string[]): string {
  const lines = patterns.flatMap((pattern) => pattern.split('\n')).filter((line) => line.trim() !== '');
  const exclude = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1).trim());
  const include = lines.filter((line) => !line.startsWith('!')).map((line) => line.trim());
  const files = globSync(include, { cwd: workspace, exclude })
    .filter((file) => statSync(join(workspace, file)).isFile())
    .toSorted();
  if (files.length === 0) return '';
  const hash = createHash('sha256');
  for (const file of files)
    hash.update(
      createHash('sha256')
        .update(readFileSync(join(workspace, file)))
        .digest(),
    );
  return hash.digest('hex');
}

/** The lexer unescapes only the first `''` of a string; GitHub unescapes each. */
function withQuotes(token: Token): Token {
  if (token.type !== TokenType.STRING) return token;
  return { ...token, value: token.lexeme.slice(1, -1).replaceAll("''", "'") };
}

/** The truth of an `if`, given without its `${{ }}`. */
export function holds(expression: string, scope: Scope): boolean {
  return truthy(evaluate(expression, scope));
}

/** A value of the workflow with its expressions evaluated, as plain JSON. */
export function valueOf(token: TemplateToken, scope: Scope): Json {
  if (isBasicExpression(token))
    return JSON.parse(JSON.stringify(evaluate(token.expression, scope), data.replacer)) as Json;
  if (isMapping(token)) {
    const pairs: [string, Json][] = [];
    for (const { key, value } of token) pairs.push([textOf(key, scope), valueOf(value, scope)]);
    return Object.fromEntries(pairs);
  }
  if (isSequence(token)) {
    const items: Json[] = [];
    for (const item of token) items.push(valueOf(item, scope));
    return items;
  }
  return isScalar(token) ? token.toString() : null;
}

/** The same as text, by GitHub's rules of coercion. */
export function textOf(token: TemplateToken, scope: Scope): string {
  if (isBasicExpression(token)) return evaluate(token.expression, scope).coerceString();
  if (isScalar(token)) return token.toString();
  throw new ActionsError('unsupported', `Expected text, found ${token.typeName()}`);
}

/** A mapping (`env`, `with`, `outputs`) as names and texts; nothing for an absent one. */
export function textsOf(token: TemplateToken | undefined, scope: Scope): Record<string, string> {
  if (token === undefined) return {};
  if (!isMapping(token))
    throw new ActionsError('unsupported', `Expected a mapping, found ${token.typeName()}`);
  const texts: [string, string][] = [];
  for (const { key, value } of token) texts.push([textOf(key, scope), textOf(value, scope)]);
  return Object.fromEntries(texts);
}

/** A `timeout-minutes`; parts of a minute count. */
export function minutesOf(token: TemplateToken, scope: Scope): number {
  const minutes = Number(textOf(token, scope));
  if (minutes > 0) return minutes;
  throw new ActionsError(
    'expression',
    `timeout-minutes is "${textOf(token, scope)}", expected a number above 0`,
  );
}

/** A value as the text a variable or log gets. */
export function plainText(value: Json): string {
  if (value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
