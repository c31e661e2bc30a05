-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- Takes the budget away.

return {
  run = function()
    debug.sethook()
    while true do end
  end,
}
