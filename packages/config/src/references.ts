import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { messageOf } from '@tajo/errors';
import { type Problem, type Tree, mapTexts } from './tree.js';

interface Origin {
  /** Where `${NAME}` is looked up; undefined: not looked up. */
  readonly env: Readonly<Record<string, string | undefined>> | undefined;
  /** The file the values stand in: `file:` paths are relative to its folder. */
  readonly file: string | undefined;
}

/**
 * Replaces `${NAME}` by the variable and `file:PATH` by the content of the file (without its last line break), so that a secret
 * need not stand in the configuration. What cannot be replaced becomes a problem, never a value.
 */
export function resolveReferences(tree: Tree, origin: Origin, problems: Problem[]): Tree {
  // A tree stays a tree.
  return mapTexts(tree, (value, path) => resolved(value, path, origin, problems)) as Tree;
}

function resolved(value: string, field: string, { env, file }: Origin, problems: Problem[]): string {
  if (value.startsWith('file:')) return content(value.slice('file:'.length), field, file, problems);
  if (env === undefined) return value;
  return value.replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole, name: string) => {
    const found = env[name];
    if (found) return found;
    problems.push({
      field,
      problem: `refers to the environment variable ${name}, which is not set; set it or write the value itself`,
    });
    return whole;
  });
}

function content(path: string, field: string, file: string | undefined, problems: Problem[]): string {
  try {
    return readFileSync(resolve(file === undefined ? '.' : dirname(file), path), 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    problems.push({
      field,
      problem: `refers to the file ${path}, which cannot be read (${codeOf(error)}); create it or mend the path`,
    });
    return '';
  }
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : messageOf(error);
}
