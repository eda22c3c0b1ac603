import '@allclear/kit/tokens.css'
import './board.css'
import { asProblem, installI18n, installSession } from '@allclear/kit'
import { createApp } from 'vue'
import Board from './Board.vue'
import { messages } from './messages'

const app = createApp(Board)
installI18n(app, { board: messages }, 'board.title')
const { session } = installSession(app)
session
  .refresh()
  .catch((error: unknown) => console.warn(asProblem(error).message))
  .finally(() => app.mount('#app'))
