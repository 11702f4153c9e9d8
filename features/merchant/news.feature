@host-control @clock
Feature: What a merchant is told, and what he may ask
  Who sells wants to know at once that the money is there: by text, in the app, or from server to server. Each event is told until it is heard, and is
  the same event however often it is told. No notice moves money, heard or not. What he may ask is what is his.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @MER-090
  Scenario: The owner is texted of each sale, and of its void
    Given "Noodle House" is told by text
    And Bob has paid 100.00 CNY at "T1"
    When Bob has the 1st sale voided at "T1"
    Then "Noodle House" was told
      | what       | details                 |
      | sold       | 100.00 CNY, *0432, *0002 |
      | given_back | 100.00 CNY, *0432, *0003 |
    And the news of "Noodle House" is
      | what       | by  | state | tries |
      | sold       | sms | heard | 1     |
      | given_back | sms | heard | 1     |

  @MER-090
  Scenario: ... and of his money, once
    Given "Noodle House" is told by text
    And Bob has paid 100.00 CNY at "T1"
    When 24 hours pass
    And the acquirer hands over its postings once more
    Then "Noodle House" was told
      | what     | details                  |
      | sold     | 100.00 CNY, *0432, *0002 |
      | paid_out | 99.40 CNY, *             |

  @MER-090
  Scenario: An app asks for its news
    Given "Noodle House" is told by app
    When Bob swipes 100.00 CNY at "T1"
    Then the news of "Noodle House" is
      | what | by  | details                  | state | tries |
      | sold | app | 100.00 CNY, *0432, *0002 | heard | 1     |

  @MER-091 @unionpay
  Scenario: No text has the whole number of an account
    Given "Corner Shop" sells with "T5"
    And "Corner Shop" is told by text
    And Bob has paid 100.00 CNY at "T5"
    When 48 hours pass
    Then "Corner Shop" was told
      | what     | details                  |
      | sold     | 100.00 CNY, *0432, *0022 |
      | paid_out | 40.62 CNY, *0013         |

  @MER-092
  Scenario: A server is told under its shop's secret
    Given "Noodle House" is told by signed message
    When Bob swipes 100.00 CNY at "T1"
    Then "Noodle House" was told
      | what | signature |
      | sold | right     |

  @MER-093
  Scenario: A text that gets lost is sent again
    Given "Noodle House" is told by text
    And texts to merchants get lost
    And Bob has paid 100.00 CNY at "T1"
    And 20 seconds pass
    And texts to merchants arrive again
    When 5 minutes pass
    Then "Noodle House" was told
      | what | details                  |
      | sold | 100.00 CNY, *0432, *0002 |
    And the news of "Noodle House" is
      | what | by  | state | tries |
      | sold | sms | heard | 3     |

  @MER-094
  Scenario: What is told again is the same event, under a signature of its own
    Given "Noodle House" is told by signed message
    And the server of "Noodle House" says nothing
    And Bob has paid 100.00 CNY at "T1"
    When 1 minute passes
    Then "Noodle House" was told
      | what | signature | event |
      | sold | right     | 1     |
      | sold | right     | 1     |
      | sold | right     | 1     |

  @MER-095
  Scenario: A notice that nobody hears changes no money
    Given "Noodle House" is told by signed message
    And the server of "Noodle House" says nothing
    And Bob has paid 100.00 CNY at "T1"
    When 24 hours pass
    Then the bank of "Noodle House" has received 99.40 CNY
    And the office owes "Noodle House" 0.00 CNY

  @MER-096
  Scenario: A merchant looks his sale up, with what went back of it
    Given Bob has paid 100.00 CNY at "T1"
    And Bob has 40.00 CNY of the 1st sale refunded at "T1"
    When "Noodle House" looks the 1st sale up
    Then the record has
      | what   | amount     | fee       | net        |
      | sale   | 100.00 CNY | 0.60 CNY  | 99.40 CNY  |
      | refund | -40.00 CNY | -0.24 CNY | -39.76 CNY |

  @MER-096
  Scenario: ... and nobody else's
    Given Bob has paid 100.00 CNY at "T1"
    When "Tea House" looks the 1st sale up
    Then the office says NO_SALE

  @MER-097
  Scenario: Statistics tell ways of paying apart, and what went back from what was sold
    Given Bob has paid 100.00 CNY at "T1"
    And Alice has paid 50.00 CNY at "T1"
    When Bob has 40.00 CNY of the 1st sale refunded at "T1"
    Then the statistics of "Noodle House" for today are
      | payment | number | sold       | back       | fees     | net       |
      | credit  | 1      | 100.00 CNY | -40.00 CNY | 0.36 CNY | 59.64 CNY |
      | debit   | 1      | 50.00 CNY  | 0.00 CNY   | 0.25 CNY | 49.75 CNY |
    And the records of "Noodle House" for today are
      | what   | amount     | net        |
      | sale   | 100.00 CNY | 99.40 CNY  |
      | sale   | 50.00 CNY  | 49.75 CNY  |
      | refund | -40.00 CNY | -39.76 CNY |

  @MER-097
  Scenario: What is sold behind the cut-off is counted to the next day, as on the statement
    Given 14 hours pass
    And operator "01" logs in at "T1"
    When Bob swipes 100.00 CNY at "T1"
    Then the statistics of "Noodle House" for today are
      | payment | number | sold       |
      | credit  | 1      | 100.00 CNY |
    And the statement of "Noodle House" for today has
      | what | amount     |
      | sale | 100.00 CNY |
