-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- A table that grows for ever.

return {
  run = function()
    local t = {}
    while true do t[#t + 1] = #t end
  end,
}
