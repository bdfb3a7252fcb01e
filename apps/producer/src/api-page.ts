import type { Route } from './route.js';

const BEGIN =
  '<!-- routes: generated from apps/producer/src/routes.ts; to write them anew: UPDATE_DOCS=1 npx pnpm jest apps/producer -->';
const END = '<!-- /routes -->';

/** `docs/api.md` with its table of routes as they are now; everything around the table stays. */
export function withRoutes(page: string, routes: readonly Route[]): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin === -1 || end < begin) throw new RangeError(`The page has no place for the routes: ${BEGIN} … ${END}`);
  return `${page.slice(0, begin)}${BEGIN}\n\n${tableOf(routes)}\n${page.slice(end)}`;
}

function tableOf(routes: readonly Route[]): string {
  const rows = routes.map(
    ({ method, path, summary, access }) => `| \`${method.toUpperCase()} ${path}\` | ${summary} | ${words[access]} |`,
  );
  return ['| Route | What it does | Who may |', '|---|---|---|', ...rows, ''].join('\n');
}

const words: Readonly<Record<Route['access'], string>> = { key: 'key', open: 'everybody', token: 'whoever knows the token' };
