import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** These run first, so that the run doesn't end with a single long file. */
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
