import { describe, expect, it } from 'vitest';
import type { Column, Row } from '../../api/types';
import { choices, chooseChart, maxBars, maxSeries, sharedAxes } from './choose';
import { farFromZero, labelFormat } from './options';

const column = (name: string, type: string): Column => ({ name, type });
const byCarrier = [column('carrier', 'VARCHAR'), column('name', 'VARCHAR'), column('flights', 'BIGINT'), column('mean', 'DOUBLE')];

describe('the chart of an answer', () => {
  it('is bars for a text and numbers, a panel for each measure', () => {
    const chart = chooseChart(byCarrier, [['UA', 'United', 58665, 12.1], ['B6', 'JetBlue', 54635, 13]], ['flights', 'mean']);
    expect(chart?.kind).toBe('bar');
    expect(chart?.categories).toEqual(['United (UA)', 'JetBlue (B6)']);
    expect(chart?.panels.map((panel) => panel.title)).toEqual(['flights', 'mean']);
  });
  it('is lines for dates, in their order', () => {
    const columns = [column('day', 'DATE'), column('planned', 'BIGINT'), column('departed', 'BIGINT'), column('mean', 'DOUBLE')];
    const rows: Row[] = [['2013-01-02', 940, 930, 9], ['2013-01-01', 842, 838, 11.5]];
    const chart = chooseChart(columns, rows, ['planned', 'departed', 'mean']);
    expect(chart?.kind).toBe('line');
    expect(chart?.categories).toEqual(['2013-01-01', '2013-01-02']);
    expect(chart?.panels.map((panel) => panel.title)).toEqual(['planned, departed', 'mean']);
  });
  it('is a line for each of at most seven groups', () => {
    const columns = [column('day', 'DATE'), column('carrier', 'VARCHAR'), column('flights', 'BIGINT')];
    const rows = Array.from({ length: 20 }, (_, i): Row => [i < 10 ? '2013-01-01' : '2013-01-02', `C${i % 10}`, i]);
    const chart = chooseChart(columns, rows, ['flights']);
    expect(chart?.panels[0]?.series).toHaveLength(maxSeries);
    expect(chart?.note).toContain('7 largest of 10');
  });
  it('is none for single events, for text alone and for nothing', () => {
    const columns = [column('day', 'DATE'), column('carrier', 'VARCHAR'), column('delay', 'INTEGER')];
    expect(chooseChart(columns, [['2013-01-01', 'UA', 1], ['2013-01-01', 'UA', 2]], ['delay'])).toBeNull();
    expect(chooseChart([column('a', 'VARCHAR')], [['x']], [])).toBeNull();
    expect(chooseChart(byCarrier, [], ['flights'])).toBeNull();
  });
  it('draws no more bars than fit, and says so', () => {
    const rows = Array.from({ length: 104 }, (_, i): Row => [`D${i}`, null, i, 0]);
    const chart = chooseChart(byCarrier, rows, ['flights']);
    expect(chart?.categories).toHaveLength(maxBars);
    expect(chart?.note).toBe('The first 20 of 104 rows are drawn.');
  });
  it('measures no years and ids', () => {
    expect(choices([column('year', 'INTEGER'), column('plane_id', 'BIGINT'), column('flights', 'BIGINT')], 1000).measures).toEqual(['flights']);
    expect(choices(byCarrier, 400).preset).toEqual(['flights']);
  });
});

describe('axes', () => {
  it('are shared by measures of about the same size only', () => {
    const panels = sharedAxes([{ name: 'a', values: [100] }, { name: 'b', values: [80] }, { name: 'c', values: [1] }]);
    expect(panels.map((panel) => panel.series.map((series) => series.name))).toEqual([['a', 'b'], ['c']]);
  });
  it('leave zero out only for lines far from it', () => {
    expect(farFromZero({ title: '', series: [{ name: 'a', values: [940, 1010] }] })).toBe(true);
    expect(farFromZero({ title: '', series: [{ name: 'a', values: [100, 1010] }] })).toBe(false);
  });
  it('write all labels of a measure one way', () => {
    expect(labelFormat([19, 15.8, null])(19)).toBe('19.00');
    expect(labelFormat([58665, 16])(58665)).toBe('58,665');
    expect(labelFormat([2_500_000])(2_500_000)).toBe('2.5M');
  });
});
