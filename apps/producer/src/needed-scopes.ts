import type { Config } from '@tajo/config';
import { Bug } from '@tajo/errors';
import { isReadScope, type ReadScope } from '@tajo/klaviyo';
import { resourceNamed } from '@tajo/mapping';
import { enabledResources } from '@tajo/planner';

/** Every key needs it: it is how a connection is tested. */
export const accountScope: ReadScope = 'accounts:read';

/** The scopes beside `accountScope` that the Klaviyo key needs for the resources switched on. */
export function neededScopes(config: Config): ReadScope[] {
  const named = new Set(enabledResources(config).flatMap((name) => resourceNamed(name).read.scopes));
  return [...named].map((scope) => {
    if (!isReadScope(scope))
      throw new Bug('scope_unknown', `A resource names the scope ${scope}, which the Klaviyo client cannot probe for.`);
    return scope;
  });
}
