import { useCallback, useState } from 'react';
import { asProblem, type Problem } from '../api/problem';

export interface Task<A extends unknown[], T> {
  busy: boolean;
  problem: Problem | null;
  result: T | null;
  run: (...args: A) => Promise<void>;
  clear: () => void;
}

/** Something that a button starts: busy, then a result or a problem. */
export function useTask<A extends unknown[], T>(work: (...args: A) => Promise<T>): Task<A, T> {
  const [state, setState] = useState<{ busy: boolean; problem: Problem | null; result: T | null }>({
    busy: false, problem: null, result: null,
  });
  const run = useCallback(
    async (...args: A) => {
      setState({ busy: true, problem: null, result: null });
      try {
        const result = await work(...args);
        setState({ busy: false, problem: null, result });
      } catch (error) {
        setState({ busy: false, problem: asProblem(error), result: null });
      }
    },
    [work],
  );
  const clear = useCallback(() => setState({ busy: false, problem: null, result: null }), []);
  return { ...state, run, clear };
}
