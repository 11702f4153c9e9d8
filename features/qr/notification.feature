@host-control
Feature: What wallets tell the shop
  The wallet tells the shop what was paid, as often as it takes, and so does whoever would like a bowl of noodles for nothing. The owner
  reads each payment once, on his phone.

  Background:
    Given "T1" takes codes of WeChat
    And till "T1" of "Noodle House" has signed in

  @WAL-025 @WAL-026
  Scenario: The owner reads what was paid, and no more of it than he needs
    When Alice pays 10.00 CNY at "T1" by WeChat
    Then the shop was told
      | state | amount | signed |
      | paid  | 1000   | yes    |
    And the owner of "Noodle House" was texted
      | text      | wallet         | amount    | payer | number |
      | TEXT_PAID | @WALLET_WECHAT | 10.00 CNY | A**   | *0001  |

  @WAL-025 @clock
  Scenario: The shop hears the same twice when its word is lost
    Given the line to the wallet loses the answer of the 1st notification
    When Alice pays 10.00 CNY at "T1" by WeChat
    And 1 hour passes
    Then the shop was told
      | state | signed |
      | paid  | yes    |
      | paid  | yes    |
    And the owner of "Noodle House" was texted
      | text      | amount    |
      | TEXT_PAID | 10.00 CNY |

  @WAL-015 @clock
  Scenario: A notification that is lost comes again
    Given the line to the wallet loses the question of the 1st notification
    When Alice pays 10.00 CNY at "T1" by WeChat
    And 1 hour passes
    Then the shop was told
      | state | signed |
      | paid  | yes    |
    And the owner of "Noodle House" was texted
      | text      | amount    |
      | TEXT_PAID | 10.00 CNY |

  @WAL-025 @clock
  Scenario: A notification that was held up comes when the next one is long known
    Given the line to the wallet delays the question of the 1st notification by 10 minutes
    When Alice pays 10.00 CNY at "T1" by WeChat
    And 4.00 CNY of the 1st payment by code are refunded at "T1"
    And 1 hour passes
    Then the shop was told
      | state    |
      | paid     |
      | refunded |
      | paid     |
    And the owner of "Noodle House" was texted
      | text          | amount    |
      | TEXT_PAID     | 10.00 CNY |
      | TEXT_REFUNDED | 4.00 CNY  |

  @WAL-025 @clock
  Scenario: Two parts that go back are two texts
    Given Alice has paid 10.00 CNY at "T1" by WeChat
    When 4.00 CNY of the 1st payment by code are refunded at "T1"
    And 3.00 CNY of the 1st payment by code are refunded at "T1"
    And 1 hour passes
    Then the owner of "Noodle House" was texted
      | text          | amount    |
      | TEXT_PAID     | 10.00 CNY |
      | TEXT_REFUNDED | 4.00 CNY  |
      | TEXT_REFUNDED | 7.00 CNY  |

  @WAL-026
  Scenario: What no wallet has signed was never paid
    When somebody tells "Noodle House" that Alice has paid 10.00 CNY by WeChat
    Then the owner of "Noodle House" was texted
      | text |
    And Alice's WeChat holds 2000.00 CNY
