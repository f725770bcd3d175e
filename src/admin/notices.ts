/** What a page says of the form that led to it. Addresses carry the word alone, so that nobody can put one there. */
const NOTICES: { [word: string]: string } = {
  acknowledged: 'Acknowledged. It has left the list of what is to be seen to; its status stays.',
  'nothing-selected': 'Nothing was selected: tick at least one run, or choose “all that match”.',
  applied: 'The delivery was applied.',
  duplicate: 'The delivery says what is known already: nothing has changed.',
  contradicted: 'The delivery says the opposite of the final status: it is kept, and the status stays.',
  ignored: 'The delivery was kept, and has changed nothing.',
  forgotten: 'The asset is forgotten. What still comes for it will not be kept.',
  retried: 'ImageKit was asked to run it again. This is the new run: it settles when its webhook comes.',
  'signed-out': 'You are signed out.',
}

export function findNotice(word: string | undefined): string | undefined {
  return word !== undefined && Object.hasOwn(NOTICES, word) ? NOTICES[word] : undefined
}
