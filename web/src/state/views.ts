// The list of views, shared by the flow page, the list and the palette: asked once for all of them.

import { useEffect, useSyncExternalStore } from 'react';
import { api } from '../api/client';
import { asProblem, type Problem } from '../api/problem';
import type { View } from '../api/types';
import { useLive } from './live';

interface Views {
  views: View[] | null;
  problem: Problem | null;
}

const everyMs = 5000;
let kept: Views = { views: null, problem: null };
let askedAt = -Infinity;
let asking = false;
const listeners = new Set<() => void>();

async function ask(): Promise<void> {
  if (asking) return;
  asking = true;
  askedAt = performance.now();
  try {
    kept = { views: await api.views(), problem: null };
  } catch (error) {
    kept = { ...kept, problem: asProblem(error) };
  }
  asking = false;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useViews(): Views & { reload: () => void } {
  const state = useSyncExternalStore(subscribe, () => kept);
  const { buildChanges, status } = useLive();
  const epoch = status?.epoch;
  useEffect(() => {
    void ask();
  }, [buildChanges, epoch]);
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible' && performance.now() - askedAt > everyMs) void ask();
    }, 1000);
    return () => clearInterval(timer);
  }, []);
  return { ...state, reload: () => void ask() };
}
