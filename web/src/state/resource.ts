// Something fetched, kept while it is fetched again, so that a page never flickers back to "loading".

import { useCallback, useEffect, useRef, useState } from 'react';
import { asProblem, type Problem } from '../api/problem';

export interface Resource<T> {
  data: T | null;
  problem: Problem | null;
  loading: boolean;
  reload: () => void;
}

export interface ResourceOptions {
  /** A change of this text asks again, but not before everyMs have passed since the last asking. */
  trigger?: string;
  everyMs?: number;
  /** Asks again after this long, whatever happened. */
  pollMs?: number;
  paused?: boolean;
}

/** `key` names what is fetched: another key starts from nothing; null fetches nothing. */
export function useResource<T>(
  key: string | null,
  fetcher: (signal: AbortSignal) => Promise<T>,
  { trigger = '', everyMs = 1000, pollMs, paused = false }: ResourceOptions = {},
): Resource<T> {
  const [state, setState] = useState<{ key: string | null; data: T | null; problem: Problem | null; loading: boolean }>({
    key, data: null, problem: null, loading: key !== null,
  });
  const [wish, setWish] = useState(0);
  const latest = useRef(fetcher);
  latest.current = fetcher;
  const run = useRef({ busy: false, startedAt: -Infinity, costMs: 0, doneTrigger: '' });

  const ask = useCallback(async (forKey: string, forTrigger: string, signal: AbortSignal) => {
    const current = run.current;
    current.busy = true;
    current.startedAt = performance.now();
    setState((old) => (old.key === forKey ? { ...old, loading: true } : { key: forKey, data: null, problem: null, loading: true }));
    try {
      const data = await latest.current(signal);
      if (!signal.aborted) setState({ key: forKey, data, problem: null, loading: false });
    } catch (error) {
      if (!signal.aborted) setState((old) => ({ ...old, key: forKey, problem: asProblem(error), loading: false }));
    } finally {
      if (!signal.aborted) {
        current.busy = false;
        current.costMs = performance.now() - current.startedAt;
        current.doneTrigger = forTrigger;
        setWish((n) => n + 1);
      }
    }
  }, []);

  // A new key asks at once and forgets what was under way.
  const controller = useRef<AbortController | null>(null);
  useEffect(() => {
    controller.current = new AbortController();
    run.current = { busy: false, startedAt: -Infinity, costMs: 0, doneTrigger: '' };
    if (key !== null) void ask(key, trigger, controller.current.signal);
    return () => controller.current?.abort();
    // The trigger has its own effect below.
  }, [key, ask]);

  useEffect(() => {
    if (key === null || paused || run.current.busy || controller.current === null) return;
    const signal = controller.current.signal;
    const { startedAt, costMs, doneTrigger } = run.current;
    const since = performance.now() - startedAt;
    // A costly answer is asked for less often: at most a fifth of the time goes into it.
    const pace = Math.max(everyMs, costMs * 5);
    const wait = doneTrigger !== trigger ? pace - since : pollMs !== undefined ? Math.max(pollMs, pace) - since : null;
    if (wait === null) return;
    const timer = setTimeout(() => {
      if (document.visibilityState === 'visible' && !run.current.busy) void ask(key, trigger, signal);
      else setWish((n) => n + 1);
    }, Math.max(document.visibilityState === 'visible' ? 0 : 1000, wait));
    return () => clearTimeout(timer);
  }, [key, trigger, everyMs, pollMs, paused, wish, ask]);

  const reload = useCallback(() => {
    if (key !== null && controller.current !== null) void ask(key, trigger, controller.current.signal);
  }, [key, trigger, ask]);

  return state.key === key
    ? { data: state.data, problem: state.problem, loading: state.loading, reload }
    : { data: null, problem: null, loading: key !== null, reload };
}
