// Copies what the compiler does not: the files of the admin pages, and the bundle of the API's documentation.
import { cpSync } from 'node:fs'

cpSync('src/admin/static', 'dist/admin/static', { recursive: true })
cpSync('node_modules/rapidoc/dist/rapidoc-min.js', 'dist/http/static/rapidoc.js')
cpSync('node_modules/rapidoc/dist/rapidoc-min.js.LICENSE.txt', 'dist/http/static/rapidoc.js.LICENSE.txt')
