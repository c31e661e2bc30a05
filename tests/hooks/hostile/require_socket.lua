-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- Takes a library with sockets.

return {
  run = function()
    return require("socket").tcp()
  end,
}
