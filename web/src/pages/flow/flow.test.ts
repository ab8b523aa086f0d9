import { describe, expect, it } from 'vitest';
import { completeStatus, readSignature, total } from '../../api/status';
import type { View } from '../../api/types';
import { type Box, layOut, pace, ribbonPx } from './layout';
import { verdicts } from './verdicts';

describe('the picture', () => {
  for (const [width, streams] of [[358, 1], [358, 3], [880, 2], [1320, 5]] as const) {
    it(`has room for every station at ${width} px with ${streams} streams`, () => {
      const layout = layOut(width, streams, true);
      const boxes: Box[] = [...layout.streams, layout.tables as Box, layout.log, layout.batch, layout.speed, layout.merge, layout.exits];
      for (const box of boxes) {
        expect(box.x).toBeGreaterThanOrEqual(0);
        expect(box.y).toBeGreaterThanOrEqual(0);
        expect(box.x + box.w).toBeLessThanOrEqual(width);
        expect(box.y + box.h).toBeLessThanOrEqual(layout.height);
      }
      boxes.forEach((a, i) => {
        for (const b of boxes.slice(i + 1)) {
          const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
          expect(apart).toBe(true);
        }
      });
    });
  }
  it('widens and moves with the rate', () => {
    expect(ribbonPx(100_000)).toBeGreaterThan(ribbonPx(10));
    expect(pace(0)).toBe('still');
    expect(pace(20_000)).toBe('fast');
  });
});

describe('verify', () => {
  it('counts as right only what was checked', () => {
    const view = (result: string | null) => ({ errors: 0, last_verify: result && { result } }) as unknown as View;
    expect(verdicts([view('equal'), view(null), view('different'), view('failed')])).toEqual({ equal: 1, wrong: 2, unchecked: 1, errors: 0 });
  });
});

describe('status', () => {
  it('is complete, whatever the server leaves out', () => {
    const status = completeStatus({ epoch: 3, streams: [{ name: 'a', applied_offsets: [1, 2] } as never] });
    expect(status.streams[0]?.durable_offsets).toEqual([]);
    expect(total(status.streams[0]?.applied_offsets)).toBe(3);
    expect(readSignature(status)).toBe('3||1,2');
  });
});
