// Light, dark, or what the system says; kept in the browser. public/theme.js applies the kept one before the first paint.

import { useSyncExternalStore } from 'react';

export type Theme = 'system' | 'light' | 'dark';

const key = 'anabranch.theme';
const systemDark = window.matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();

const chosen = (): Theme => (document.documentElement.dataset.theme as Theme | undefined) ?? 'system';

function emit(): void {
  for (const listener of listeners) listener();
}

systemDark.addEventListener('change', emit);

export function setTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === 'system') localStorage.removeItem(key);
    else localStorage.setItem(key, theme);
  } catch {
    // Storage is off: the choice lasts as long as the page.
  }
  emit();
}

function shown(): 'light' | 'dark' {
  const theme = chosen();
  if (theme !== 'system') return theme;
  return systemDark.matches ? 'dark' : 'light';
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useTheme(): { theme: Theme; shown: 'light' | 'dark' } {
  const theme = useSyncExternalStore(subscribe, chosen);
  return { theme, shown: useSyncExternalStore(subscribe, shown) };
}

export const toggleTheme = () => setTheme(shown() === 'dark' ? 'light' : 'dark');
