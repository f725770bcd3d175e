import { join } from 'node:path'
import ts from 'typescript'

/** A fault may leave something unused. */
const UNUSED = new Set([6133, 6192, 6196, 6198])

/** The compiler of a copy. It reads its files each time: a fault must compile, or a failing test proves nothing. */
export function createCompiler(directory) {
  const { config } = ts.readConfigFile(join(directory, 'tsconfig.json'), (path) => ts.sys.readFile(path))
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, directory)
  const source = join(directory, 'src')
  const service = ts.createLanguageService({
    ...ts.sys,
    useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
    getCompilationSettings: () => ({
      ...options,
      noEmit: false,
      outDir: join(directory, 'dist'),
      rootDir: source,
    }),
    getScriptFileNames: () => fileNames.filter((name) => name.startsWith(source)),
    getScriptVersion: (name) => String(ts.sys.getModifiedTime(name)?.getTime() ?? 0),
    getScriptSnapshot: (name) => {
      const text = ts.sys.readFile(name)
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text)
    },
    getCurrentDirectory: () => directory,
    getDefaultLibFileName: (settings) => ts.getDefaultLibFilePath(settings),
  })

  return {
    listProblems(file) {
      const path = join(directory, file)
      return [...service.getSyntacticDiagnostics(path), ...service.getSemanticDiagnostics(path)]
        .filter(({ code }) => !UNUSED.has(code))
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))
    },
    /** Writes the compiled file to `dist`. */
    build(file) {
      const { outputFiles } = service.getEmitOutput(join(directory, file))
      for (const { name, text } of outputFiles) ts.sys.writeFile(name, text)
    },
  }
}
