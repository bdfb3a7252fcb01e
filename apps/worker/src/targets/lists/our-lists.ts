import type { ContactList } from '@tajo/brevo';
import type { Link } from '@tajo/store';
import { oneLine } from './names.js';

const MAKING = 'making ';

/** What stands in a link while its Brevo list is being made: creating is not repeatable, and a worker may die before it hears the id. */
export function makingHash(name: string): string {
  return MAKING + name;
}

/**
 * The Brevo list of a Klaviyo list: the one its link names, if Brevo still has it; else one in our folder that bears the name we were
 * about to give, which is then ours from a delivery that did not live to tell.
 */
export function brevoListOf(
  link: Pick<Link, 'targetId' | 'hash'> | undefined,
  { lists, folderId }: { lists: readonly ContactList[]; folderId: number },
): ContactList | undefined {
  if (!link) return undefined;
  if (link.targetId !== null) return lists.find(({ id }) => id === link.targetId);
  if (!link.hash.startsWith(MAKING)) return undefined;
  const name = oneLine(link.hash.slice(MAKING.length));
  return lists.find((list) => list.folderId === folderId && oneLine(list.name) === name);
}
