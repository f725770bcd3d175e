import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** These files run first. If they ran last, the end of the run would wait for one of them. */
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
