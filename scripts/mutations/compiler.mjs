import { join } from 'node:path'
import ts from 'typescript'

/** The codes of compiler errors about unused or unreachable code, which a fault may leave. */
const TOLERATED = new Set([2869, 6133, 6192, 6196, 6198, 7027])

/**
 * The compiler of a project. A fault, unless it inverts a condition of `domain/decide`, must compile, or a failing test proves
 * nothing. Files that have changed are read again.
 */
export function createCompiler(directory) {
  const { config } = ts.readConfigFile(join(directory, 'tsconfig.json'), (path) => ts.sys.readFile(path))
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, directory)
  const source = join(directory, 'src')
  /** Texts that take the place of files. */
  const overlay = new Map()
  let version = 0
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
    getScriptVersion: (name) =>
      overlay.get(name)?.version ?? String(ts.sys.getModifiedTime(name)?.getTime() ?? 0),
    getScriptSnapshot: (name) => {
      const text = overlay.get(name)?.text ?? ts.sys.readFile(name)
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text)
    },
    getCurrentDirectory: () => directory,
    getDefaultLibFileName: (settings) => ts.getDefaultLibFilePath(settings),
  })

  function listProblems(file) {
    const path = join(directory, file)
    return [...service.getSyntacticDiagnostics(path), ...service.getSemanticDiagnostics(path)]
      .filter(({ code }) => !TOLERATED.has(code))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))
  }

  return {
    listProblems,
    /** Compiles with these texts in place of the files' own, by path. Returns the problems of each of these files. */
    listProblemsWith(texts) {
      for (const [file, text] of texts)
        overlay.set(join(directory, file), { text, version: `with ${++version}` })
      const problems = new Map([...texts.keys()].map((file) => [file, listProblems(file)]))
      overlay.clear()
      return problems
    },
    /** Writes the compiled file to `dist`. */
    build(file) {
      const { outputFiles } = service.getEmitOutput(join(directory, file))
      for (const { name, text } of outputFiles) ts.sys.writeFile(name, text)
    },
  }
}
