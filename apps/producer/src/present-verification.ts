import { DIFFERENCE_KINDS, type Verification } from '@tajo/store';

/** A verification as the API shows it: names, reasons and numbers. */
export function presentVerification(verification: Verification) {
  const { _id: id, account, state, step, sample, repair, requestedAt, startedAt, doneAt, problem, rules } = verification;
  const { watermark, besideRun, counts, differences, numbers, repairRun, beforeRepair } = verification;
  const sum = (explained: boolean) => differences.reduce((all, one) => all + (one.explained === explained ? one.count : 0), 0);
  return {
    id,
    account,
    state,
    step: state === 'open' ? step : null,
    sample,
    repair,
    requestedAt,
    startedAt,
    doneAt,
    problem: problem && { code: problem.code, message: problem.message, at: problem.at },
    rules: rules && { run: rules.run, plannedAt: rules.plannedAt },
    carriedUpTo: watermark,
    besideRun,
    counts: {
      profiles: counts.profiles,
      contacts: counts.contacts,
      brevosOwn: counts.brevosOwn,
      compared: counts.compared,
      alike: counts.alike,
    },
    explained: sum(true),
    unexplained: sum(false),
    // The gravest first, then the most frequent.
    differences: differences.toSorted(
      (a, b) =>
        Number(a.explained) - Number(b.explained) ||
        DIFFERENCE_KINDS.indexOf(a.kind) - DIFFERENCE_KINDS.indexOf(b.kind) ||
        b.count - a.count,
    ),
    numbers,
    repairRun,
    beforeRepair,
  };
}
