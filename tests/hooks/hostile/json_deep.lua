-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- Reads a text of a hundred thousand brackets.

return {
  run = function()
    return #json.decode(("["):rep(100000))
  end,
}
