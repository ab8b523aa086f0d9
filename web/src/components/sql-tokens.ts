// Splits SQL into coloured pieces. It need not be exact: a piece it does not know keeps the colour of text.

export type TokenKind = 'keyword' | 'function' | 'string' | 'number' | 'comment' | 'name' | 'symbol' | 'space';

export interface Token {
  kind: TokenKind;
  text: string;
}

const keywords = new Set(
  `select from where group by order having limit offset as and or not in is null like ilike between case when then else end join
   left right full outer inner cross natural on using union all except intersect distinct with recursive over partition
   unbounded preceding following asc desc nulls qualify filter exists any true false interval cast try_cast lateral unnest
   semi anti exclude`.split(/\s+/),
);

const pattern =
  /(--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|('(?:[^']|'')*(?:'|$))|("(?:[^"]|"")*(?:"|$))|(\b\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?)|([A-Za-z_][\w$]*)|(\s+)|([\s\S])/giy;

export function tokens(sql: string): Token[] {
  const found: Token[] = [];
  pattern.lastIndex = 0;
  for (let match = pattern.exec(sql); match !== null; match = pattern.exec(sql)) {
    const [text, comment, string, quoted, number, word, space] = match;
    let kind: TokenKind = 'symbol';
    if (comment !== undefined) kind = 'comment';
    else if (string !== undefined) kind = 'string';
    else if (quoted !== undefined) kind = 'name';
    else if (number !== undefined) kind = 'number';
    else if (space !== undefined) kind = 'space';
    else if (word !== undefined) kind = wordKind(word, sql, pattern.lastIndex);
    found.push({ kind, text });
    if (pattern.lastIndex >= sql.length) break;
  }
  return found;
}

function wordKind(word: string, sql: string, end: number): TokenKind {
  if (keywords.has(word.toLowerCase())) return 'keyword';
  return /^\s*\(/.test(sql.slice(end, end + 8)) ? 'function' : 'name';
}

/** The same pieces, line by line; a piece over several lines is cut at each line's end. */
export function tokenLines(sql: string): Token[][] {
  const lines: Token[][] = [[]];
  for (const token of tokens(sql)) {
    token.text.split('\n').forEach((text, i) => {
      if (i > 0) lines.push([]);
      if (text !== '') lines[lines.length - 1]?.push({ kind: token.kind, text });
    });
  }
  return lines;
}

/** How many characters a mark covers: the word at that place, at least one. */
export function markLength(line: string, column: number): number {
  const rest = line.slice(Math.max(0, column - 1));
  return Math.max(1, /^([\w$.]+|"[^"]*"?|'[^']*'?|\S)/.exec(rest)?.[0].length ?? 1);
}
