-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- A result nested deeper than any result.

return {
  run = function()
    local t = {}
    local top = t
    for i = 1, 100000 do t.x = {} t = t.x end
    return top
  end,
}
