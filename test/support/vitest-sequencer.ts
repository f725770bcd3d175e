import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The files that take longest run first. If one of them started last, the whole run would have to wait for it. */
const LONG = [
  /test\/store\/postgres\//,
  /test\/store\/sqlite-store/,
  /test\/chaos\//,
  /test\/integration\/(forgetting|rejected)/,
]

export default class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => LONG.some((pattern) => pattern.test(moduleId))
    const sorted = await super.sort(files)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}
