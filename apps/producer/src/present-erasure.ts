import type { Erasure } from '@tajo/store';

/** An erasure as the API shows it: nothing in it tells who it is about. */
export function presentErasure({
  _id: id,
  account,
  by,
  state,
  step,
  looks,
  notBefore,
  problem,
  requestedAt,
  doneAt,
  evidence,
}: Erasure) {
  return {
    id,
    account,
    by,
    state,
    step: state === 'done' ? null : step,
    requestedAt,
    doneAt,
    looks,
    nextAt: state === 'done' ? null : notBefore,
    problem: problem && { code: problem.code, message: problem.message, at: problem.at },
    evidence: evidence.map(({ at, what, status, count }) => ({ at, what, status, count })),
  };
}
