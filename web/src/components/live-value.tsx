import { useEffect, useRef } from 'react';

const fadeMs = 900;
const stillMs = 2000;
const calm = window.matchMedia('(prefers-reduced-motion: reduce)');

/** A value that changes in place; what changed fades for a moment. */
export function LiveValue({ children, testId, className = '' }: { children: string; testId?: string; className?: string }) {
  const ref = useRef<HTMLSpanElement>(null);
  const before = useRef(children);
  const changedAt = useRef(-Infinity);
  useEffect(() => {
    if (before.current === children) return;
    before.current = children;
    // A value that changes all the time would only flicker: what fades is what stood still before.
    const still = performance.now() - changedAt.current > stillMs;
    changedAt.current = performance.now();
    if (calm.matches || !still) return;
    ref.current?.animate([{ backgroundColor: 'var(--flash)' }, { backgroundColor: 'transparent' }], { duration: fadeMs, easing: 'ease-out' });
  }, [children]);
  return <span ref={ref} className={`live ${className}`} data-testid={testId}>{children}</span>;
}
