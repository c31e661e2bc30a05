-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- A result that holds itself.

return {
  run = function()
    local t = {}
    t.t = t
    return t
  end,
}
