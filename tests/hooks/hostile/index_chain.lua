-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- __index that goes in a circle.

return {
  run = function()
    local a, b = {}, {}
    setmetatable(a, { __index = b })
    setmetatable(b, { __index = a })
    return a.x
  end,
}
