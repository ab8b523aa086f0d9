/** How well `query` fits `text`: null when it does not; a lower number fits better. Letters may be left out. */
export function match(query: string, text: string): number | null {
  const wanted = query.toLowerCase().replace(/\s+/g, '');
  const given = text.toLowerCase();
  if (wanted === '') return 0;
  const whole = given.indexOf(wanted);
  if (whole >= 0) return whole === 0 || /[\s._]/.test(given[whole - 1] ?? '') ? whole / 100 : 1 + whole / 100;
  let at = -1;
  let gaps = 0;
  for (const letter of wanted) {
    const next = given.indexOf(letter, at + 1);
    if (next < 0) return null;
    if (at >= 0) gaps += next - at - 1;
    at = next;
  }
  return 2 + gaps / 10;
}
