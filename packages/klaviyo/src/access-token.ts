import { RetryLater } from '@tajo/errors';
import type { KlaviyoAnswer } from './api.js';

/** An access token as it is handed out. */
export interface AccessToken {
  readonly access: string;
  /** Klaviyo has given it since another one was refused: what then refuses this one too is no token's age. */
  readonly isFresh: boolean;
}

/**
 * A good access token; another one than `refused`, which Klaviyo has just answered with a 401. The same again: it is fresh, the newest there is and
 * not at its end, so there is none that Klaviyo would take.
 */
export type TokenSource = (refused?: AccessToken) => Promise<AccessToken>;

/** Each of these tokens has ended, or was replaced by another process, on its way: with more of them something is wrong with the clocks. */
const MOST_REFUSALS = 3;

/**
 * The answer to a request made with an access token, a 401 only where access itself is refused. A token may end before its time, or be replaced
 * while the request waits: the request was not carried out then, and goes again with a newer one.
 */
export async function sendWithToken(
  account: string,
  token: TokenSource,
  send: (authorization: () => Promise<string>) => Promise<KlaviyoAnswer>,
): Promise<KlaviyoAnswer> {
  let last: { answer: KlaviyoAnswer; refused: AccessToken } | undefined;
  for (let refusals = 0; ; refusals += 1) {
    // Before the lanes, so that no slot of theirs passes while somebody refreshes.
    const offered = await token(last?.refused);
    if (last && offered.access === last.refused.access) return last.answer;
    if (refusals === MOST_REFUSALS) {
      throw new RetryLater(
        'klaviyo_token_outlived',
        `Klaviyo refused ${MOST_REFUSALS} access tokens of account ${account} in a row (401), each ended or replaced on its way; trying again later.`,
      );
    }
    let used = offered;
    const answer = await send(async () => {
      // The wait for the lanes may have outlived it.
      used = { ...offered, access: (await token()).access };
      return `Bearer ${used.access}`;
    });
    if (answer.status !== 401) return answer;
    last = { answer, refused: used };
  }
}
