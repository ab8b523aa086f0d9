// What each class of view means, in a sentence.

const words: Record<string, string> = {
  linear: 'rows filtered, projected and joined; the state is the rows',
  distributive: 'count, sum, min, max; the state is one column each',
  algebraic: 'averages, variances and the like; the state is a few columns',
  holistic: 'medians, distinct counts, modes; the state is value counts',
  keyed: 'the kept rows of each key',
  merged: 'reads merged results of other views',
  read_time: 'recomputed when it is read',
};

export const classWord = (name: string) => name.replaceAll('_', ' ');
export const classMeaning = (name: string) => words[name] ?? '';
