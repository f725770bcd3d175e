import { pino } from 'pino'
import { expect, test } from 'vitest'
import { readableLines } from '../../src/readable-log.ts'

function createReadableLog(hasColours: boolean) {
  const written: string[] = []
  const output = readableLines({ write: (text) => written.push(text) }, { hasColours })
  return { log: pino({ level: 'debug' }, output), written }
}

test('on a terminal, a log line has the time, the level, the message and the fields, with text quoted only where needed', () => {
  const { log, written } = createReadableLog(false)
  log.info(
    { event: 'upload.accepted', fileId: null, status: 200, extensions: ['remove-bg'], name: 'a b' },
    'done',
  )
  log.info('stopped')
  expect(written.map((line) => line.replace(/^\d\d:\d\d:\d\d /, ''))).toEqual([
    'INFO  done  event=upload.accepted fileId=null status=200 extensions=["remove-bg"] name="a b"\n',
    'INFO  stopped\n',
  ])
})

test('the stack of an error and of its cause follow on indented lines, and everything else about an error is a field', () => {
  const { log, written } = createReadableLog(false)
  const error = Object.assign(new Error('disk full', { cause: new Error('no space') }), { code: 'FULL' })
  log.error({ event: 'write.failed', err: error }, 'a write failed')
  log.error({ err: 'a text' }, 'failed')
  const [first = '', second = ''] = written
  const lines = first.split('\n')
  expect(lines[0]).toMatch(/ ERROR a write failed {2}event=write\.failed err=\{"code":"FULL"\}$/)
  expect(lines[1]).toBe('    Error: disk full')
  expect(lines).toContain('    caused by: Error: no space')
  expect(lines.slice(1, -1).every((line) => line.startsWith('    '))).toBe(true)
  expect(second).toMatch(/ ERROR failed {2}err="a text"\n$/)
})

test('control characters in messages, names, values and stacks can not reach the terminal', () => {
  const { log, written } = createReadableLog(false)
  const hostile = '\u001b[2J\r\n\u0007'
  const error = new Error('failed')
  error.stack = `Error: ${hostile}`
  log.warn({ [hostile]: hostile, nested: { list: [hostile] }, err: error }, hostile)
  const [text = ''] = written
  expect(text.replace(/\n/g, '')).not.toMatch(/\p{Cc}/u)
  expect(text).toContain('\\u001b[2J')
  expect(text.split('\n')).toHaveLength(4)
})

test('only with colours, the level of a warning and the names of fields are coloured', () => {
  const coloured = createReadableLog(true)
  coloured.log.warn({ attempt: 2 }, 'late')
  expect(coloured.written[0]?.slice(9)).toBe('\u001b[33mWARN \u001b[0m late  \u001b[2mattempt=\u001b[0m2\n')
  const plain = createReadableLog(false)
  plain.log.warn({ attempt: 2 }, 'late')
  expect(plain.written[0]?.slice(9)).toBe('WARN  late  attempt=2\n')
})
