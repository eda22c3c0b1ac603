import { Printer } from '@element-plus/icons-vue'
import { defineSection } from '../../section'
import { messages } from './messages'

// What is stuck on tubes and boxes, and the cards that people carry.
export default defineSection({
  name: 'labels',
  menu: [
    { path: '/labels', title: 'labels.menu', icon: Printer, group: 'sampling', order: 60, roles: ['headquarters', 'administrator'] },
  ],
  routes: [{ path: '/labels', component: () => import('./LabelsPage.vue') }],
  messages,
})
