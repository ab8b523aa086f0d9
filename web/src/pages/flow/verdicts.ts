import type { View } from '../../api/types';

export interface Verdicts {
  equal: number;
  wrong: number;
  unchecked: number;
  errors: number;
}

/** What the last verify of each view said. A view that was never checked, or has changed since, is neither right nor wrong. */
export function verdicts(views: View[]): Verdicts {
  const found: Verdicts = { equal: 0, wrong: 0, unchecked: 0, errors: 0 };
  for (const view of views) {
    if (view.last_verify === null || view.last_verify === undefined || view.last_verify.result === 'stale') found.unchecked += 1;
    else if (view.last_verify.result === 'equal') found.equal += 1;
    else found.wrong += 1;
    found.errors += view.errors ?? 0;
  }
  return found;
}
