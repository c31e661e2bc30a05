-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- __call that is itself called.

return {
  run = function()
    local t = {}
    setmetatable(t, { __call = t })
    return t()
  end,
}
